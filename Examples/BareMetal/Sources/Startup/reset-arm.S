#if defined(__arm__)
@ The vectors, and reset: a stack that is painted, data copied to RAM, zeros where C expects them, then main.

.syntax unified
.thumb

.section .text.ota_reset, "ax"
.balign 512
.globl ota_reset_vectors
ota_reset_vectors:
  .word ota_stack_top
  .word ota_reset
  .rept 14
  .word ota_trap
  .endr

.section .text.ota_start, "ax"
.globl ota_reset
.thumb_func
ota_reset:
  cpsid i
  ldr   r0, =ota_stack_top
  mov   sp, r0
  ldr   r0, =ota_data_load
  ldr   r1, =ota_data_start
  ldr   r2, =ota_data_end
1:
  cmp   r1, r2
  bhs   2f
  ldr   r3, [r0]
  str   r3, [r1]
  adds  r0, #4
  adds  r1, #4
  b     1b
2:
  ldr   r1, =ota_bss_start
  ldr   r2, =ota_bss_end
  movs  r3, #0
3:
  cmp   r1, r2
  bhs   4f
  str   r3, [r1]
  adds  r1, #4
  b     3b
4:
  ldr   r1, =ota_stack_limit
  mov   r2, sp
  ldr   r3, =0xa5a5a5a5     @ what was never used keeps this color: ota_stack_used
5:
  cmp   r1, r2
  bhs   6f
  str   r3, [r1]
  adds  r1, #4
  b     5b
6:
  bl    main
  movs  r0, #0              @ main returned: end the emulation with success
  bl    ota_end

@ Every fault is a defect, a Swift trap among them; what becomes of it says the linker script.
.globl ota_trap
.thumb_func
ota_trap:
  ldr   r0, =ota_trap_resets
  cmp   r0, #0
  bne   7f
  movs  r0, #1
  bl    ota_end
7:
  bl    ota_reset_board

@ Starts an image by its vectors; r0 is its address.
.globl ota_enter
.thumb_func
ota_enter:
#if __ARM_ARCH >= 7
  ldr   r1, =0xe000ed08     @ VTOR
  str   r0, [r1]
#endif
  ldr   r1, [r0]
  mov   sp, r1
  ldr   r1, [r0, #4]
  bx    r1

@ r0 is the number of the call, r1 its block.
.globl ota_call_host
.thumb_func
ota_call_host:
  bkpt  0xab
  bx    lr
.pool
#endif
