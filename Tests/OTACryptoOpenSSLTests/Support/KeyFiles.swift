/// Keys that are written here; none of them is used for anything else.
enum KeyFiles {
  /// RFC 7520, section 3.4, as PKCS#8.
  static let rsaPrivate = """
    -----BEGIN PRIVATE KEY-----
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCfgQ+0A4Jz0CWR
    5Ac/MdK2ABuCzttNkvBQFl1Hz8q4o8Qct3isdVN5P475dXaNGiN02HElZMO813ue
    pDRUSJlAfP8AmZIKkxokxEFIUqspvbCpXAZT82xg5gv5C2JY3aVvNwR7pcLR0Cmv
    nJ1AuseqQceKDdEGit1pnoCP6gEeoUQdik97tOl7459V8d3UTpxLozUVlwPU00tg
    PmUUek8j1tPAmWx17e6EaoLRkK4QeDyWHPA4eu0hBtLQVVtv2Tf61VNTh+D/cv++
    eJQUArC4IuoqdLYFjB2r+bNKdstjuH+qLGhHuOKDf/+RGG5rHBSRHPmJqJCSqBzm
    Ad2s0/nPAgMBAAECggEAbWUC9B+EFRIo8kpGfh0ZuyGPvMNKvYWNtB/ikiH9k20e
    T+O1q/I78eiZkpXxXQ0UTEs2LsNRS+8uJbvQ+A1irkwMSMkK1J3XTGgdrhCku9gR
    ldY7sNA/AKZGh+Q661/42rINLRCe8W+nZ34ui/qOfkLnK9QWDDqpaIsA+bMwWWSD
    Fu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBdkMXiuFhUq1BU6l+DqEiWxqg82s
    Xt2h+LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5P
    lyl21hsFf4L/mHCuoFau7gdsPfHPxxjVOcOpBrQzwQKBgQDdKXGD8PBNclxvrT3l
    GhfKBAIBnlGcC9mWejXKEe2dR7H9+nsBn/2dFo7sdf/5IV8ZB661qjZMOMMBZThW
    6mTyvD0lHQDNnQ3Z++4gCav9YKyYal42pCd6/VPsjISyeHxQy36fkJp+GSKTOESy
    uad0fovE6u9EmWw+npm/xtSrSQKBgQC4oTZ2H5xN/oREXiTh7+PLvwZ89hQhpTKh
    JIm4HOncK5uTc4KqzqCtPxtH9y7QObUxnBaa12oPIj3ketR6rcw/Xm8ww43yUdN5
    m7aWYq/CpbtqdXlTOEzWJnvPjIyS5TAVagG/Jjz3wRe9EP6F2pHEeVKoBnX3bMHe
    lUUnSzukVwKBgAfD1b15Lya49i/hmEO798va+isOYPUmoVwcLFlM6dfU1ZYCPmFf
    OatTSG9a8ULQ/iLF10d/k2p3r7kT0beTgTnYjBkKfKW7duoJY2HylPxPcZ/kVCx8
    9PnnfRPYFyyg+FRp4Kc/j30P6tvaZOcVh6CadNPUH9R7woYsUV+fXoYpAoGACLDm
    DGduhylc9o7r84rEUVn7pzQ6PF83Y+iBZx5NT+TpnOZKF1pErAMVeKzFEl41DlHH
    qqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi/7k/vJgGHwHxgPaX2PnvP
    +zyEkDERuf+ry4c/Z11Cq9AqC2yeL6kdKT1cYF8CgYEA3PiqvXQN0zwMeE+sBvZg
    i289XP9XCQF3VWqPzMKnIgQp7/Tugo6+NZBKCQsMf3HaEGBjTVJs/jcK8+TRXvaK
    e+7ZMaQj8VfBdYkssbu0NKDDhjJ+GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h
    6ZEpMF6xmujs4qMpPz8aaI4=
    -----END PRIVATE KEY-----

    """

  /// RFC 7520, section 3.3, as SubjectPublicKeyInfo.
  static let rsaPublic = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAn4EPtAOCc9AlkeQHPzHS
    tgAbgs7bTZLwUBZdR8/KuKPEHLd4rHVTeT+O+XV2jRojdNhxJWTDvNd7nqQ0VEiZ
    QHz/AJmSCpMaJMRBSFKrKb2wqVwGU/NsYOYL+QtiWN2lbzcEe6XC0dApr5ydQLrH
    qkHHig3RBordaZ6Aj+oBHqFEHYpPe7Tpe+OfVfHd1E6cS6M1FZcD1NNLYD5lFHpP
    I9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3+tVTU4fg/3L/vniUFAKw
    uCLqKnS2BYwdq/mzSnbLY7h/qixoR7jig3//kRhuaxwUkRz5iaiQkqgc5gHdrNP5
    zwIDAQAB
    -----END PUBLIC KEY-----

    """

  /// Good keys of kinds that are not accepted, made with `openssl genpkey`.
  static let refused = [
    (
      "secp256k1",
      """
      -----BEGIN PUBLIC KEY-----
      MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEt/y2F/roc59FXrBpvvHmVEtsftiBvrVQ
      qwTcTF4X+t+fOFxV5vEGmU0SNwQGHbnx1yeSCDkncYhygD5BLD8llA==
      -----END PUBLIC KEY-----

      """
    ),
    (
      "P-521",
      """
      -----BEGIN PUBLIC KEY-----
      MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQB9q2pA2a/nMO/UDhPFHPwEL7ToxEs
      Zh8KpZH9ANqt+ux1Z2yE2SUIuikah9pz09lFov/TqIZgcZQv7mHvk6QZy5QBPrdp
      2UG4ea77h8642/Baq/IhHHLCn/d1gqzPFmf26hcQAyrvbDcJtvbmBs2N+4ocBzye
      ReNJZ/GeTR5k4vYJuTs=
      -----END PUBLIC KEY-----

      """
    ),
    (
      "P-256 with its parameters written out",
      """
      -----BEGIN PUBLIC KEY-----
      MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
      AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
      ///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
      NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
      RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
      //////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABNeX2xpzdLTsTfJ9f8S0bVU3
      AkQHqRh5VPi+ud6Iw3GT2anZNEcxYWs3aDYLq7l8BF/8Dh+gFkenWjyBFCaLxPM=
      -----END PUBLIC KEY-----

      """
    ),
    (
      "RSA with 1024 bits",
      """
      -----BEGIN PUBLIC KEY-----
      MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCpPEeEr5rmgnIbj+rLdYVTCwFv
      aslQQpfQ+TaC1ES36X13ltOuZieYAuXCR03HKOctTlaahWnR5VFM4jkCkQUbUDWw
      qdGKLs9tXTTPsYn58EdG6MuJdFG7Gw60V0wIQMIvTr7iqM4/xwNmFYj4PNyuOnsh
      eAVgqGuXFyMFbTsASQIDAQAB
      -----END PUBLIC KEY-----

      """
    ),
    (
      "RSA with 2047 bits",
      """
      -----BEGIN PUBLIC KEY-----
      MIIBITANBgkqhkiG9w0BAQEFAAOCAQ4AMIIBCQKCAQBkJip6uwUYuYQhrN4uGtWJ
      5/X7ThIHBpoHAQCV6jPlEDg7hCNrLzzcBWM4DYEVigPeZbuUgIunS3P82Te+vNsg
      lf3sPW9YRaDcxQK9pMQSMG54OMzs+okiAye0osxkegbpR4HdCcqp9GSrQsFJ7rFV
      kE6ZzLnRfsQqTOs4vTKNG4sxCNPRwVqUV3ongER5ASuBoUvBa12rNfRh/+usUVMV
      t1p50iNLni5cvOLz6IuP3FpK9sQkOAuo5F9vr3nxupSxTUw1GxKqFhkEswXpe7EZ
      jMfVioliHMmn2/7RIZAv/uk6qsSCPedrMTDWFBOZqNmWjsxLPcKM3qalUXHHzL2D
      AgMBAAE=
      -----END PUBLIC KEY-----

      """
    ),
    (
      "an RSA key for PSS only",
      """
      -----BEGIN PUBLIC KEY-----
      MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAOGeDDWT0nd40FqhBOabsAjh
      RwL2xRcF9IzNgbgDzJw5tJz270g1X0oQsGkXvY6w8jD5n7+rGjeZFlzcSF8Y8niP
      qPGVD/2jYEsHVZU3Pleg2eZR7Lo+G1Zoq7dv/TQhVzbmlvEDx/yXYprne4qSGa7A
      g7IkChUfTbKTMc2IkJsaxZ3bodTesviUrdp5Zbh6ovpTUzNg9YnDLtLKgauCTe6j
      eY6QzdQVnotYg+lBcwoS99+CUVNg1HPWROT8A2IqPGu5OluxvDyIoyb8tczunLnK
      MendM1A+bDdP29lOB0c9yqLuNaTVgEVssleom7bshAY0cg4UjFDzLBix+u3ed0MC
      AwEAAQ==
      -----END PUBLIC KEY-----

      """
    ),
    (
      "Ed25519",
      """
      -----BEGIN PUBLIC KEY-----
      MCowBQYDK2VwAyEAtG0arAalX/DoPCW12XHggTpDO6cMbMq8d1hLOeVO6LU=
      -----END PUBLIC KEY-----

      """
    ),
    (
      "X448",
      """
      -----BEGIN PUBLIC KEY-----
      MEIwBQYDK2VvAzkADGfTH7FpFig9PoqmHE1j0A/inDMjobg/cqi4uh5HUl5AZpCM
      Teu/hFF5p3PQ0NgXNidvCduvE5E=
      -----END PUBLIC KEY-----

      """
    ),
  ]
}
