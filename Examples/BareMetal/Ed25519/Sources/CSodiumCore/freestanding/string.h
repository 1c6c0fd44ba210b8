// The functions of memory that compiled code calls on bare metal anyway; a host has its own header.
#if __STDC_HOSTED__
#include_next <string.h>
#else
#ifndef OTA_FREESTANDING_STRING_H
#define OTA_FREESTANDING_STRING_H
#include <stddef.h>
void *memcpy(void *destination, const void *source, size_t count);
void *memmove(void *destination, const void *source, size_t count);
void *memset(void *destination, int value, size_t count);
#endif
#endif
