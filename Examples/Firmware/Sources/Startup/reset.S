# Reset: a stack, data copied to RAM, zeros where C expects them, then main. The first instruction of the image.

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
  li    t1, 0x5555        # main returned: end the emulation with success
  j     ota_finish

# Every exception is a defect, a Swift trap among them: end the emulation with failure.
.balign 4
ota_trap:
  li    t1, 0x13333       # code 1, "fail"
ota_finish:
  li    t0, 0x100000      # the test finisher of the machine
  sw    t1, 0(t0)
5:
  wfi
  j     5b
