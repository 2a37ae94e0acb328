/* What was built and with what; recorded in every results file. XMC_VERSION_TEXT comes from CMake.
 */
#ifndef CROSSMC_VERSION_H
#define CROSSMC_VERSION_H

#define XMC_VERSION XMC_VERSION_TEXT
#ifdef __clang__
#define XMC_COMPILER "clang " __clang_version__
#else
#define XMC_COMPILER "gcc " __VERSION__
#endif

#endif
