/* A book of holdings as an analysis of its own, whose known answers are those of its indices. */
#ifndef CROSSMC_VALIDATE_INDEX_FILES_H
#define CROSSMC_VALIDATE_INDEX_FILES_H

#include "sim/validate/case.h"

/* FOLDER/analysis.yaml over instruments.csv, lots.csv and equity.yaml, which are the caller's. */
xmc_status xmc_index_analysis_file(xmc_case *c);

#endif
