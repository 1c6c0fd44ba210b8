import CZstd
import OTADelta
import OTADeltaContainers
import Testing

@Suite("Memory of compressors")
struct CompressionMemoryTests {
  @Test(
    "zstd takes no more than its methods declare", arguments: [1, 9, 15, 22] as [UInt8],
    [0, 1000, 131_072, 131_073, 600_000])
  func zstd(level: UInt8, size: Int) throws {
    var generator = SeededGenerator(seed: 1)
    let content = ContainerBuilder.text(size, &generator)
    let context = try unsafe #require(ZSTD_createCCtx())
    defer { unsafe ZSTD_freeCCtx(context) }
    var room = [UInt8](repeating: 0, count: ZSTD_compressBound(size))
    let status = unsafe room.withUnsafeMutableBufferPointer { room in
      unsafe content.withUnsafeBufferPointer { content in
        unsafe ZSTD_compressCCtx(
          context, room.baseAddress, room.count, content.baseAddress, content.count, Int32(level))
      }
    }
    #expect(ZSTD_isError(status) == 0)
    let taken = unsafe ZSTD_sizeof_CCtx(context) + room.count
    let declared = CompressionMethod.zstd(level: level).memoryRequirement(contentSize: UInt32(size))
    #expect(UInt64(taken) <= declared)
    // What it made is what the method makes.
    let stream = try CompressionMethod.zstd(level: level).compress(content.span)
    let isSame = stream[...] == room[..<status]
    #expect(isSame)
  }
}
