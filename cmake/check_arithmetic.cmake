# The compiler with all its flags, wherever they came from (a wrapper, a toolchain file), must give IEEE 754 arithmetic.
# Where the result cannot run here (cross-compiling), the program's self-check at start remains.
if(NOT CMAKE_CROSSCOMPILING)
  get_directory_property(arithmetic_options COMPILE_OPTIONS)
  set(arithmetic_flags)
  foreach(option ${arithmetic_options})
    if(option MATCHES "^-(f|m)" AND NOT option MATCHES "sanitize")
      list(APPEND arithmetic_flags ${option})
    endif()
  endforeach()
  # -O2: what an optimizer may do with the flags shows
  try_run(arithmetic_exit arithmetic_built ${CMAKE_BINARY_DIR}/check_arithmetic
    ${PROJECT_SOURCE_DIR}/cmake/check_arithmetic.c
    COMPILE_DEFINITIONS -O2 ${arithmetic_flags} -D_GNU_SOURCE -I${PROJECT_SOURCE_DIR}
    LINK_LIBRARIES m COMPILE_OUTPUT_VARIABLE arithmetic_log RUN_OUTPUT_VARIABLE arithmetic_bits)
  if(NOT arithmetic_built)
    message(FATAL_ERROR "cannot build cmake/check_arithmetic.c: ${arithmetic_log}")
  elseif(NOT arithmetic_exit EQUAL 0)
    message(FATAL_ERROR "crossmc gives the same bits everywhere and cannot be built with fast-math: the compiler does not "
      "give IEEE 754 arithmetic (right: ${arithmetic_bits}); see that nothing adds -ffast-math or parts of it")
  endif()
endif()
