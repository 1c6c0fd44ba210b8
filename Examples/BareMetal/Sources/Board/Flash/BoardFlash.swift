#if arch(riscv32)
/// The flash of the board.
public typealias BoardFlash = CFIFlash
#endif
