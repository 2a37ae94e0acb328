#ifndef CROSSMC_COMPARISON_INTERNAL_H
#define CROSSMC_COMPARISON_INTERNAL_H

#include "output/comparison.h"

struct xmc_comparison_plan {
    xmc_reg_versions versions;
    xmc_reg_book book;
    xmc_reg_tree matched[XMC_MAX_VERSIONS];
    size_t n_segments;
    size_t *row_of_segment; /* [n_segments] */
    size_t n_rows, capacity;
    xmc_comparison_row *rows; /* without estimates */
    double admin_margin;
    size_t n_inputs;
    xmc_input_file *inputs; /* files read for the minimum beside the company sheet */
};

#endif
