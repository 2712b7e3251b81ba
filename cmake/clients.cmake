# The clients link proto alone.
keyfob_layer(client clients/c LINK proto_wire)
target_compile_options(client PRIVATE -fvisibility=hidden)
set_source_files_properties(${CMAKE_SOURCE_DIR}/clients/cli/musl_malloc.c PROPERTIES HEADER_FILE_ONLY ON) # see below
keyfob_layer(cli clients/cli LINK client)

option(KEYFOB_MUSL "Link keyfob statically with musl, if musl-gcc is there: it starts three times as fast" ON)
find_program(MUSL_GCC musl-gcc)

# The sources of llhttp, or nothing if the system has it as a library.
set(clients_llhttp_sources)
if(NOT libllhttp_FOUND)
  set(clients_llhttp_sources ${llhttp_sources})
endif()

# --- keyfob, the command ---

if(KEYFOB_MUSL AND MUSL_GCC AND clients_llhttp_sources AND NOT KEYFOB_SANITIZE)
  # musl-gcc does not search /usr/include: copy the two headers that we need from there.
  set(musl_dir ${CMAKE_BINARY_DIR}/musl)
  configure_file(${JSMN_INCLUDE_DIR}/jsmn.h ${musl_dir}/include/jsmn.h COPYONLY)
  configure_file(${LLHTTP_INCLUDE_DIR}/llhttp.h ${musl_dir}/include/llhttp.h COPYONLY)
  # A static PIE if musl's start-up code for one is installed; musl-gcc itself links at a fixed address only. This costs
  # 2 to 3 % of the time that `keyfob credential-process` takes.
  execute_process(COMMAND ${MUSL_GCC} "-###" -x c /dev/null ERROR_VARIABLE musl_dry_run OUTPUT_QUIET)
  string(REGEX MATCH "[^ \"]*/Scrt1\\.o" musl_start "${musl_dry_run}")
  cmake_path(GET musl_start PARENT_PATH musl_crt)
  set(musl_model -fno-pie)
  set(musl_link -static -no-pie)
  set(musl_end)
  if(musl_start AND EXISTS ${musl_crt}/rcrt1.o)
    set(musl_model -fPIE)
    set(musl_link -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text ${musl_crt}/rcrt1.o ${musl_crt}/crti.o)
    set(musl_end ${musl_crt}/crtn.o)
  endif()
  set(musl_flags -std=gnu17 -Os ${musl_model} -fno-strict-aliasing -fstack-protector-strong -ffunction-sections
    -fdata-sections -fno-asynchronous-unwind-tables -D_GNU_SOURCE -DKEYFOB_VERSION="${PROJECT_VERSION}"
    -isystem ${musl_dir}/include -DLLHTTP_STRICT_MODE=1)
  set(musl_own_flags -I${CMAKE_SOURCE_DIR} -include ${CMAKE_SOURCE_DIR}/proto/mem/banned.h -Wall -Wextra)
  if(KEYFOB_WERROR)
    list(APPEND musl_own_flags -Werror)
  endif()
  file(GLOB musl_own CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/mem/*.c ${CMAKE_SOURCE_DIR}/proto/wire/*.c
    ${CMAKE_SOURCE_DIR}/clients/c/*.c ${CMAKE_SOURCE_DIR}/clients/cli/*.c)
  set(musl_objects)
  foreach(source ${musl_own} ${clients_llhttp_sources})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${source})
    string(MAKE_C_IDENTIFIER ${name} name)
    set(object ${musl_dir}/${name}.o)
    set(flags ${musl_flags})
    if(source IN_LIST musl_own)
      list(APPEND flags ${musl_own_flags})
    endif()
    add_custom_command(OUTPUT ${object} DEPENDS ${source} DEPFILE ${object}.d VERBATIM
      COMMAND ${MUSL_GCC} ${flags} -MD -MF ${object}.d -MT ${object} -c -o ${object} ${source})
    list(APPEND musl_objects ${object})
  endforeach()
  # One mapping for headers, code and constants: two page faults fewer.
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/keyfob DEPENDS ${musl_objects} VERBATIM
    COMMAND ${MUSL_GCC} ${musl_link} -s -Wl,--gc-sections -Wl,-z,noseparate-code
            -o ${CMAKE_BINARY_DIR}/keyfob ${musl_objects} ${musl_end})
  add_custom_target(keyfob_command ALL DEPENDS ${CMAKE_BINARY_DIR}/keyfob)
  install(PROGRAMS ${CMAKE_BINARY_DIR}/keyfob DESTINATION ${CMAKE_INSTALL_BINDIR})
else()
  add_executable(keyfob_command ${CMAKE_SOURCE_DIR}/clients/cli/main.c)
  target_link_libraries(keyfob_command PRIVATE cli)
  set_target_properties(keyfob_command PROPERTIES OUTPUT_NAME keyfob)
  keyfob_flags(keyfob_command)
  install(TARGETS keyfob_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# --- libkeyfob, for other programs: one object with all that it needs, which exports keyfob_… only ---

if(NOT KEYFOB_SANITIZE)
  set(clients_objects $<TARGET_FILE:client> $<TARGET_FILE:proto_wire> $<TARGET_FILE:proto_mem>)
  set(clients_depends client proto_wire proto_mem)
  set(clients_system)
  if(clients_llhttp_sources)
    list(APPEND clients_objects $<TARGET_FILE:llhttp>)
    list(APPEND clients_depends llhttp)
  else()
    set(clients_system libllhttp) # for programs that link the static library
  endif()
  set(clients_object ${CMAKE_BINARY_DIR}/libkeyfob.o)
  add_custom_command(OUTPUT ${clients_object} DEPENDS ${clients_depends} VERBATIM
    COMMAND ${CMAKE_LINKER} -r -o ${clients_object} --whole-archive $<TARGET_FILE:client> --no-whole-archive
            --start-group ${clients_objects} --end-group
    # Removes the sections of the link-time optimiser, which would export all names again.
    COMMAND ${CMAKE_OBJCOPY} --wildcard --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_*
            --strip-symbol=__gnu_lto_* --keep-global-symbol=keyfob_* ${clients_object})
  add_custom_target(keyfob_object DEPENDS ${clients_object})

  set_source_files_properties(${clients_object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  foreach(kind static shared)
    string(TOUPPER ${kind} type)
    add_library(keyfob_${kind} ${type} ${clients_object})
    add_dependencies(keyfob_${kind} keyfob_object)
    set_target_properties(keyfob_${kind} PROPERTIES OUTPUT_NAME keyfob LINKER_LANGUAGE C
      VERSION ${PROJECT_VERSION} SOVERSION 0)
    if(clients_system)
      target_link_libraries(keyfob_${kind} PRIVATE PkgConfig::libllhttp)
    endif()
    install(TARGETS keyfob_${kind} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endforeach()
  target_link_options(keyfob_shared PRIVATE -Wl,-z,relro,-z,now -Wl,--no-undefined)

  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/keyfob.pc @ONLY CONTENT "prefix=${CMAKE_INSTALL_PREFIX}
libdir=@CMAKE_INSTALL_FULL_LIBDIR@
includedir=@CMAKE_INSTALL_FULL_INCLUDEDIR@

Name: keyfob
Description: AWS credentials and signatures from a keyfob agent
Version: @PROJECT_VERSION@
Libs: -L\${libdir} -lkeyfob
Requires.private: @clients_system@
Cflags: -I\${includedir}
")
  install(FILES ${CMAKE_BINARY_DIR}/keyfob.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  install(FILES ${CMAKE_SOURCE_DIR}/clients/c/keyfob.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  # Else programs would not find libkeyfob.so.0 before somebody runs ldconfig. Without root, or for a package, nobody does.
  if(LDCONFIG)
    install(CODE "if(\"\$ENV{DESTDIR}\" STREQUAL \"\")
      execute_process(COMMAND \"${LDCONFIG}\" RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
      if(NOT result EQUAL 0)
        message(STATUS \"Run ldconfig as root, so that programs find libkeyfob.so.0\")
      endif()
    endif()")
  endif()
endif()
