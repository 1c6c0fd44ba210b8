// The names of the structures without macros over them. Only this header is used: nothing of p11-kit is linked.
#define CRYPTOKI_GNU 1
#include <p11-kit-1/p11-kit/pkcs11.h>
