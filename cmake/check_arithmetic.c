/* Run when CMake configures: exits with 1, and prints which bits are right, where the compiler and
 * its flags do not give IEEE 754 arithmetic (fast-math or a part of it, from wherever it came). */
#include "kernels/arithmetic.h"

#include <stdio.h>

int main(void) {
    const unsigned long long bits = xmc_arithmetic();
    printf("%#llx of %#llx", bits, (unsigned long long)XMC_ARITHMETIC_RIGHT);
    return bits != XMC_ARITHMETIC_RIGHT;
}
