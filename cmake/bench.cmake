# tests/bench/*.c: programs of script/bench, linked with what their "// link:" line names.
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/*.c ${CMAKE_SOURCE_DIR}/tests/tools/loadgen.c
  ${CMAKE_SOURCE_DIR}/tests/tools/keyfobd_accelerated.c)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  keyfob_linked_program(${name} ${source})
endforeach()
find_program(MUSL_GCC musl-gcc)
if(MUSL_GCC)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/empty_musl DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/empty.c
    COMMAND ${MUSL_GCC} -static -O2 -o ${CMAKE_BINARY_DIR}/empty_musl ${CMAKE_SOURCE_DIR}/tests/bench/empty.c)
  add_custom_target(empty_musl_program ALL DEPENDS ${CMAKE_BINARY_DIR}/empty_musl)
endif()
