# The deterministic SLEEF functions with their ISA suffix must exist: without them the bits would depend on the machine.
# (sleef.h hides their prototypes unless the compiler itself targets FMA, so the linker is asked.)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::SLEEF)
check_function_exists(Sleef_finz_expd1_u10purecfma CROSSMC_HAVE_SLEEF_FINZ)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT CROSSMC_HAVE_SLEEF_FINZ)
  message(FATAL_ERROR "SLEEF lacks its deterministic functions (Sleef_finz_*): install Debian's libsleef-dev 3.5.1")
endif()
