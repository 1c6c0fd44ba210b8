#if defined(__arm__)
// Reset: a stack, data, zeros, then main. An exception ends the emulation with failure.
.syntax unified
.thumb

.section .text.ota_reset, "ax"
.balign 4
.word ota_stack_top
.word ota_reset
.word ota_trap              // NMI
.word ota_trap              // HardFault
.word ota_trap              // MemManage, where there is one
.word ota_trap              // BusFault
.word ota_trap              // UsageFault

.globl ota_reset
.type ota_reset, %function
.thumb_func
ota_reset:
  ldr   r0, =ota_data_load
  ldr   r1, =ota_data_start
  ldr   r2, =ota_data_end
1:
  cmp   r1, r2
  bhs   2f
  ldr   r3, [r0]
  str   r3, [r1]
  adds  r0, r0, #4
  adds  r1, r1, #4
  b     1b
2:
  ldr   r1, =ota_bss_start
  ldr   r2, =ota_bss_end
  movs  r3, #0
3:
  cmp   r1, r2
  bhs   4f
  str   r3, [r1]
  adds  r1, r1, #4
  b     3b
4:
  bl    main
  movs  r0, #0
  b     ota_end

.type ota_trap, %function
.thumb_func
ota_trap:
  movs  r0, #3

// Semihosting: SYS_EXIT_EXTENDED, with the reason "application exit" and the code.
.globl ota_end
.type ota_end, %function
.thumb_func
ota_end:
  ldr   r1, =0x20026
  push  {r0}
  push  {r1}
  mov   r1, sp
  movs  r0, #0x20
  bkpt  #0xab
5:
  b     5b

// Semihosting: SYS_WRITEC, a byte.
.globl ota_semihosting_write
.type ota_semihosting_write, %function
.thumb_func
ota_semihosting_write:
  push  {r0}
  mov   r1, sp
  movs  r0, #3
  bkpt  #0xab
  add   sp, #4
  bx    lr
.ltorg
#endif
