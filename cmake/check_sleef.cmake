# The deterministic SLEEF functions with their ISA suffix must exist: without them the bits would depend on the machine.
# (sleef.h hides their prototypes unless the compiler itself targets FMA, so the linker is asked.)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::SLEEF)
foreach(function expd1_u10 expm1d1_u10 logd1_u10 log1pd1_u10 powd1_u10 lgammad1_u10 erfcd1_u15 sind1_u10 cosd1_u10)
  check_function_exists(Sleef_finz_${function}purecfma CROSSMC_HAVE_SLEEF_${function})
  if(NOT CROSSMC_HAVE_SLEEF_${function})
    message(FATAL_ERROR "SLEEF lacks its deterministic functions (Sleef_finz_${function}purecfma): install Debian's "
      "libsleef-dev 3.5.1")
  endif()
endforeach()
unset(CMAKE_REQUIRED_LIBRARIES)
