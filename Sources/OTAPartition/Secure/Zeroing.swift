/// Overwrites bytes that nobody needs any more.
///
/// Not inlined and not optimised, so that the compiler does not leave out what nobody reads again. What it cannot reach:
/// copies in registers, and in places of the stack that a value was moved from.
@inline(never)
@_optimize(none)
func zeroise(_ bytes: inout MutableSpan<UInt8>) {
  for index in 0..<bytes.count { bytes[index] = 0 }
}
