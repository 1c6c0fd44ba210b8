# The partition table of the board, byte for byte as OTAPartition's PartitionTable.swift describes it. A product reads
# it from a fixed place in flash, where the factory put it; the example carries it in the image.

.macro ota_partition name, length, kind, offset, size
  .ascii "\name"
  .fill 16 - \length
  .word \kind, \offset, \size
.endm

.set KIND_APP, 2
.set KIND_DATA, 3
.set KIND_JOURNAL, 5

.section .rodata.ota_partitions, "a"
.balign 4
.globl ota_partition_table_start
ota_partition_table_start:
  .ascii "OTAP"
  .byte 1, 5                # version, number of entries
  .half 0
  ota_partition "slot-a",    6, KIND_APP,     0x000000, 0x080000   # where virt-xip.ld puts the image
  ota_partition "slot-b",    6, KIND_APP,     0x080000, 0x080000
  ota_partition "journal-a", 9, KIND_JOURNAL, 0x100000, 0x040000
  ota_partition "journal-b", 9, KIND_JOURNAL, 0x140000, 0x040000
  ota_partition "settings",  8, KIND_DATA,    0x180000, 0x040000
  .word 0xa491d6f1          # CRC-32 of everything before
.globl ota_partition_table_end
ota_partition_table_end:
