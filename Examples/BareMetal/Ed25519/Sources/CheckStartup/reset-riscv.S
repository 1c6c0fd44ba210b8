#if defined(__riscv)
# Reset: a stack, data, zeros, then main. An exception ends the emulation with failure.
.section .text.ota_reset, "ax"
.globl ota_reset
ota_reset:
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
  call  main
  li    a0, 0
.globl ota_end
ota_end:
  li    t0, 0x100000        # the test finisher of the machine
  li    t1, 0x5555
  beqz  a0, 5f
  slli  t1, a0, 16
  li    t2, 0x3333
  or    t1, t1, t2
5:
  sw    t1, 0(t0)
6:
  wfi
  j     6b
.balign 4
ota_trap:
  li    a0, 3
  j     ota_end
#endif
