/* crossmc report */
#include "sim/cli/cli.h"
int xmc_cli_report(int argc, char **argv) { (void)argc, (void)argv; return 1; }
