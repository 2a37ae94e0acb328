/* Buffers for blocks of the year loss table. */
#ifndef CROSSMC_BLOCKS_H
#define CROSSMC_BLOCKS_H

#include "scenarios/common/ylt.h"

/* Bytes of one block's columns. */
uint64_t xmc_block_bytes(uint32_t capacity, size_t n_segments, size_t n_treaties);
/* Allocates the columns in one piece; *block must be freed with xmc_block_free. Returns 0, or -1
 * without memory. */
int xmc_block_init(xmc_block *block, uint32_t capacity, size_t n_segments, size_t n_treaties);
void xmc_block_free(xmc_block *block);
/* Sets the trials [first, first + n) and zeroes every column (weight becomes 1). */
void xmc_block_reset(xmc_block *block, uint64_t first, uint32_t n);

#endif
