option(KEYFOB_TESTS "Build the tests" OFF)
option(KEYFOB_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(KEYFOB_FUZZ "libFuzzer targets; needs clang" OFF)
option(KEYFOB_BENCH "Programs of script/bench" OFF)
option(KEYFOB_WERROR "Warnings are errors" ON)

# Assertions stay on in what is shipped: a holder of credentials in a wrong state should stop.
set(CMAKE_C_FLAGS_RELEASE "-Os" CACHE STRING "" FORCE)
# With machine code beside what the link-time optimiser reads, as libkeyfob is for any linker.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  add_compile_options(-ffat-lto-objects)
endif()

# Relocations of pointers in a few bytes each, where the linker and the C library know them (binutils 2.38, glibc 2.36).
include(CheckCSourceRuns)
set(CMAKE_REQUIRED_FLAGS -pie)
set(CMAKE_REQUIRED_LINK_OPTIONS -Wl,-z,pack-relative-relocs)
check_c_source_runs("int x; int *volatile p = &x; int main(void) { return p != &x; }" KEYFOB_PACKED_RELOCATIONS)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)

# Flags of everything that is ours; the sources of libraries that we compile are left out.
function(keyfob_flags target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE KEYFOB_VERSION="${PROJECT_VERSION}")
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes
    -Wstrict-prototypes -Wformat=2 -Wvla -fno-strict-aliasing -fstack-protector-strong
    -include ${CMAKE_SOURCE_DIR}/proto/mem/banned.h)
  if(KEYFOB_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(KEYFOB_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all
      -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
    if(KEYFOB_FUZZ) # coverage of the layers, not only of the target's own file
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
    target_link_options(${target} PRIVATE -Wl,--as-needed)
  endif()
  if(KEYFOB_PACKED_RELOCATIONS)
    target_link_options(${target} PRIVATE -Wl,-z,pack-relative-relocs)
  endif()
  # Bound at the start: a lazy binder saves registers with secrets on the stack when a function is first called.
  target_link_options(${target} PRIVATE -Wl,-z,relro,-z,now)
endfunction()
