import Foundation
import OTACore
import OTAEspressif
import OTAPartition
import Testing

/// Signatures that `espsecure` 5.6.0 made for the image of ``RawApplication``, up to the zeros before the checksum.
@Suite("Signatures of espsecure")
struct EspsecureVectorTests {
  struct Vector: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var block: String
    var keyDigest: String
  }

  static let vectors = [
    Vector(
      testDescription: "rsa3072",
      block: """
        5wIAAPMTw2UhjY9XAVY+OPkGuSx45hU83EETbwscDpvPDlqk8WKG6NFwngo7b6jp+h52FyGsCThtVTCy0QcU/bToKYJVCFwK2AXQ
        G7iVLnT44t81VdrUtPGh5/LGC581VBPyy7Vtbhv+MOzFOiGPS1hSBJZZP771ocwX73OWWoDiP9r5nGd7K5Y/hz5h03HNsuJ4X6Y8
        XwqI/cSCRY3XdhiaY6jbc3vqg0XW+xppc5eHxcIHm2WL7DAYjozxIXUm731xhnG0tb2BZAYgRXnavxOo8RWFxOveHcR76xIiKC5A
        pA9tEE+EeA5mi4SNJK1ECUVLQkKlDJe1rNTK3hjoKIZktATR7wPVbu+U3Fo++5XLM8hYUUUXnKNlYuEvGlFdxPkqnR9HhyZ2LsnY
        rh2TzBkniON52FQnwWSX+oJzutOXNMDJSGJrj7BN/tVJjjlOP04UMgbCX6ytJDorIClkVqNLTTeFnTxI/ecQQUQNgUFCQ1fVEXPT
        cg6IhG01+rYVwcLPK2dgvL5X0Rbk7pLoOO5z181uqcs73LAzVq2mm4RJ9ZivAQABAOjdlSi/ZiYsSwHRnExA3a3H3uB+v4/KDfi6
        bs1awoqGu1LX3vMtktLFoP9sbbQpMPmZFq4xn3cKpexrSo14sryNoTAVegPwYdtaGlA5MyHVl6agZvh2vwqGOt4ZF5cYUKNYTzez
        aj8xh5gukQa6k3jkMTN49LoatM+NXwVDXuDSvgITfPSTUtyM6FlLRhiAR1nxYkOkV1BB0/M/+DznL4DBdFsRTI6jDg9dkbt+cJII
        sJeKc/27OKzsMnDywJX2qiAS95lJYu7w7x94Et4V3xDoikXtHaAfeGVcNOyTVXLNgFl16MVaikFAw9SK3pu7tyu0Y4bKj+v2M6p3
        f6PY7G7RER0HbLicytjtv04U00zMHxPYjgvEWT4uPl+XTaDM4BahOMYUK6WTyFRjGVjr+Y/jTjS87oHsQbtdx2jw9FAvZW9gZfqh
        jifKwDhFksVGe0AelqIKnUd/ivq3xzmLFJvhZ0aCSdu4vvLEs3xIzffxy3dGptXZeC4XQ7+Y4js7Re+xMRDEPwFxtWZQ1bdu1VgE
        vo5AukCYSgGLTEH15LL0PZkh50gyaH2z7Zf9XZx5NdEM/4WJYtwAYnrpmMcFqSoDRGaMPKyTKuReBC/QfWtPepuQMFYYI+RK1rQ+
        Jq2GVxB81h7ZzbABBeRuBthlXrcm7K4TFUehipwjOaKH+oOW1Cj1RjS2WSpY9QOSBn36wkRsfcwafNSdO5Bq+IdYHyy2+FNIffAL
        OlIYZPzWs/3pS2B4e69qgqCzApTYeHeNgKmvntF88DzfEC0J2PyB6Qj8YLLowW0M3c9IvUbPnjky/sEQi5Zn5SmU9qO+/Zv8netF
        +OIujyhsgOb4mnHNkBgNAM0+lst4176H5sPlkoJyBAYvERkFBhoJ+FiXdkNTbcx/dGt71frcGfimToATaPcBjISfAJmundNeo1MX
        +daRZFP4tcPyy/0f1CvYiUViaBncqyUhFc5H88w3WU3SOC5A2St9tzHdRiVcJJ5JZnMxTJNRwdDXkifgo/f2n9a+9Z7Bp6M=
        """,
      keyDigest: "f57c3c62c738f1408e973232f40bdd945d74628dfcf9a3dd22d46437efaa0724"),
    Vector(
      testDescription: "ecdsa256",
      block: """
        5wMAAPMTw2UhjY9XAVY+OPkGuSx45hU83EETbwscDpvPDlqkAkyBW/PQrzcTx1FPckLAF5iiK9OHW+Um3jErbGIryztWHVFQUsDc
        4WugfcBU1OxKg+PU0mlH65Qk6S0+Ixv+kwntxY5YeyQ8QIYjgppKU4E9lou0aFaVgnFdTxJ8VTYF5ZO1ppOgImGtuuCXOKEJYzs8
        3jW77xH8tca4Zmbzx3uL
        """,
      keyDigest: "6522776a8e10614c997a8bb412ce302368a385d92d1b948f2675acfece8342a6"),
    Vector(
      testDescription: "ecdsa384",
      block: """
        5wMBAHHgj+2ebEcFRCydvjFh9y0orBjHiu+yrHnnj2cSLXJfwhLmJEr9PQ4y84/G8mr5LAN6CnmeyCbIw9eSeuhit40nYpN9Li0m
        4Yt0Aygm/Ls7pDJ3jjZKR1oOQ2b9A1DCoocFJa8EoCQXtwX/zOM0VH5ZfjA6ZzEc2LXdBoVkx6qgtmtz6riAodX2hMQ//yxfuCEF
        Mde3P0HYJcBTfXt4wQY7p10b7CuO5UGrJaZ4Pp/Z9uJnM6jwhbOBahcc6j3RKlyAyo5BT3sxioLjrYW3yIUfqodB2D6Ui52CfYZx
        CYQB8iA1JpKI8dxpVn3pucBYkG8=
        """,
      keyDigest: "d39d9cfaf35519d734b9152144b5d05243d3604146121a3d953cd18ca4ae2cf9"),
  ]

  @Test("are verified for the digest of their key", arguments: vectors)
  func verified(_ vector: Vector) throws {
    let data = try #require(Data(base64Encoded: vector.block, options: .ignoreUnknownCharacters))
    let block = [UInt8](data) + [UInt8](repeating: 0, count: 1196 - data.count)
    let image = RawApplication().bytes
    let padding = [UInt8](repeating: 0xff, count: 4096 - image.count)
    let checksum = RawApplication.word(CRC32.checksum(of: block.span))
    let rest = [UInt8](repeating: 0, count: 16) + [UInt8](repeating: 0xff, count: 4096 - 1216)
    let digest = (0..<32).compactMap { index in
      UInt8(vector.keyDigest.dropFirst(2 * index).prefix(2), radix: 16)
    }
    var keys = EspressifKeyDigests()
    try keys.add(try Digest(algorithm: .sha256, bytes: digest.span))
    var flash = try ByteFlash(image + padding + block + checksum + rest)
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    let verified = try container.verify(on: &flash, keys: keys)
    #expect(verified.keyDigest == (try Digest(algorithm: .sha256, bytes: digest.span)))
    #expect(verified.contents.description?.version.description == "v1.2.3")
  }
}
