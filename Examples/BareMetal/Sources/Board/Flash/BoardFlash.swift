#if arch(riscv32)
/// The flash of the board.
public typealias BoardFlash = CFIFlash
#elseif arch(arm)
/// The flash of the board.
public typealias BoardFlash = HostFileFlash
#endif
