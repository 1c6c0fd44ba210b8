#if defined(__riscv)
# Reset: a stack that is painted, data copied to RAM, zeros where C expects them, then main. The first instruction of
# the image.

.section .text.ota_reset, "ax"
.globl ota_reset
ota_reset:
  csrw  mie, zero
  lla   t0, ota_trap
  csrw  mtvec, t0
  lla   sp, ota_stack_top

  lla   t0, ota_data_load
  lla   t1, ota_data_start
  lla   t2, ota_data_end
1:
  bgeu  t1, t2, 2f
  lw    t3, 0(t0)
  sw    t3, 0(t1)
  addi  t0, t0, 4
  addi  t1, t1, 4
  j     1b
2:
  lla   t1, ota_bss_start
  lla   t2, ota_bss_end
3:
  bgeu  t1, t2, 4f
  sw    zero, 0(t1)
  addi  t1, t1, 4
  j     3b
4:
  lla   t1, ota_stack_limit
  li    t3, 0xa5a5a5a5      # what was never used keeps this color: ota_stack_used
5:
  bgeu  t1, sp, 6f
  sw    t3, 0(t1)
  addi  t1, t1, 4
  j     5b
6:
  call  main
  li    a0, 0x5555          # main returned: end the emulation with success
  j     ota_finish

# Every exception is a defect, a Swift trap among them; what becomes of it says the linker script.
.balign 4
ota_trap:
  lui   t1, %hi(ota_trap_resets)
  addi  t1, t1, %lo(ota_trap_resets)
  li    a0, 0x13333         # code 1, "fail"
  beqz  t1, ota_finish
  li    a0, 0x7777          # reset
.globl ota_finish
ota_finish:
  li    t0, 0x100000        # the test finisher of the machine
  sw    a0, 0(t0)
7:
  wfi
  j     7b

# Leaves the running program for good, with its interrupts off and nothing in caches.
.globl ota_enter
ota_enter:
  fence.i
  jr    a0
#endif
