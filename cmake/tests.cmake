find_package(PkgConfig REQUIRED)
pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)

# tests/canary.c searches what our objects give back for secrets; the linker sends it their calls.
set(canary_wraps malloc realloc reallocarray strdup strndup free mmap munmap)
list(TRANSFORM canary_wraps PREPEND "-Wl,--wrap=")
add_library(canary OBJECT ${CMAKE_SOURCE_DIR}/tests/canary.c ${CMAKE_SOURCE_DIR}/tests/canary_wrap.c)
keyfob_flags(canary)
add_library(torture OBJECT ${CMAKE_SOURCE_DIR}/tests/canary.c ${CMAKE_SOURCE_DIR}/tests/torture/torture.c)
keyfob_flags(torture)

# tests/unit/<layer>/test_*.c: one program each, linked with that layer and so with those below it, nothing else.
foreach(layer proto_mem proto_wire base config signing io providers vault server app client cli)
  file(GLOB unit_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${layer}/test_*.c)
  foreach(source ${unit_tests})
    get_filename_component(name ${source} NAME_WE)
    set(target ${layer}_${name})
    add_executable(${target} ${source} $<TARGET_OBJECTS:canary>)
    keyfob_flags(${target})
    target_link_libraries(${target} PRIVATE ${layer} PkgConfig::cmocka)
    target_link_options(${target} PRIVATE ${canary_wraps})
    target_compile_definitions(${target} PRIVATE TEST_DATA_DIR="${CMAKE_SOURCE_DIR}/tests/unit/${layer}/data")
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES TIMEOUT 300)
  endforeach()
endforeach()
foreach(target app_test_profile_set app_test_profile_set_carry_over) # they count those that live
  target_link_options(${target} PRIVATE -Wl,--wrap=settings_release)
endforeach()
target_link_options(app_test_profile_set PRIVATE -Wl,--wrap=vault_add)
target_link_options(io_test_http_options PRIVATE -Wl,--wrap=curl_easy_setopt,--wrap=uv_timer_start)
target_link_options(io_test_child PRIVATE -Wl,--wrap=uv_timer_start)
target_link_options(providers_test_timeouts PRIVATE -Wl,--wrap=http_client_start,--wrap=child_start)
target_link_options(signing_test_digest PRIVATE -Wl,--wrap=EVP_DigestInit_ex2,--wrap=EVP_DigestUpdate
  -Wl,--wrap=EVP_DigestFinal_ex,--wrap=EVP_MD_CTX_copy_ex,--wrap=EVP_MD_fetch,--wrap=EVP_MD_CTX_new)
target_link_options(client_test_client PRIVATE -Wl,--wrap=deadline_receive)
target_link_options(cli_test_timeouts PRIVATE -Wl,--wrap=keyfob_connect,--wrap=deadline_now_ms,--wrap=nanosleep)
target_link_options(cli_test_agent_start PRIVATE -Wl,--wrap=deadline_now_ms,--wrap=deadline_connect,--wrap=poll
  -Wl,--wrap=agent_place_program,--wrap=agent_process_start)
target_link_options(cli_test_agent_peer PRIVATE -Wl,--wrap=geteuid)
target_link_options(server_test_own_commands PRIVATE -Wl,--wrap=geteuid)
target_link_options(cli_test_agent_stop PRIVATE -Wl,--wrap=deadline_now_ms,--wrap=agent_peer_find
  -Wl,--wrap=agent_peer_stop,--wrap=agent_peer_close)
target_link_options(cli_test_relay_serve PRIVATE -Wl,--wrap=deadline_now_ms)
target_link_options(app_test_app PRIVATE -Wl,--wrap=server_close,--wrap=reload_new,--wrap=uv_timer_start)
target_link_options(app_test_main PRIVATE -Wl,--wrap=app_run)
target_link_options(app_test_token_files PRIVATE -Wl,--wrap=workers_start)
target_link_options(server_test_time PRIVATE -Wl,--wrap=uv_timer_start)
target_link_options(providers_test_roles_anywhere_pool PRIVATE -Wl,--wrap=x509_identity_is_in_device,--wrap=workers_start)
target_link_options(app_test_passphrases PRIVATE -Wl,--wrap=poll)
target_link_options(app_test_output_file PRIVATE -Wl,--wrap=delay_start,--wrap=delay_cancel,--wrap=export_file_replace
  -Wl,--wrap=workers_start)
target_link_options(proto_wire_test_export_file PRIVATE -Wl,--wrap=write)
target_link_options(app_test_on_rotate PRIVATE -Wl,--wrap=child_start,--wrap=child_cancel)

target_link_options(io_test_unix_listen PRIVATE -Wl,--wrap=bind,--wrap=listen) # it looks on

# tests/torture/<layer>/torture_*.c: the same with tests/torture/torture.c, to which the linker sends what our objects
# allocate and read.
set(torture_wraps malloc calloc realloc reallocarray strdup strndup vasprintf free mmap munmap opendir closedir read recv)
list(TRANSFORM torture_wraps PREPEND "-Wl,--wrap=")
foreach(layer proto_mem proto_wire base config signing io providers vault server app client cli)
  file(GLOB torture_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/torture/${layer}/torture_*.c)
  foreach(source ${torture_sources})
    get_filename_component(name ${source} NAME_WE)
    string(REPLACE "torture_" "torture_${layer}_" target ${name})
    add_executable(${target} ${source} $<TARGET_OBJECTS:torture>)
    keyfob_flags(${target})
    target_link_libraries(${target} PRIVATE ${layer} PkgConfig::cmocka)
    target_link_options(${target} PRIVATE ${torture_wraps})
    target_compile_definitions(${target} PRIVATE TEST_DATA_DIR="${CMAKE_SOURCE_DIR}/tests/unit/${layer}/data")
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES TIMEOUT 300 LABELS torture)
  endforeach()
endforeach()
# They hold the other end of the wire themselves.
target_link_options(torture_providers_fetch PRIVATE -Wl,--wrap=http_client_start,--wrap=http_call_cancel)
target_link_options(torture_server_server PRIVATE -Wl,--wrap=uv_read_start,--wrap=credentials_new)
target_link_options(torture_io_io PRIVATE
  -Wl,--wrap=wiping_malloc,--wrap=wiping_calloc,--wrap=wiping_realloc,--wrap=wiping_strdup)

# tests/fuzz/<layer>/fuzz_*.c with tests/fuzz/<layer>/corpus/<name>/: replayed by every test run; with KEYFOB_FUZZ a
# libFuzzer program.
foreach(layer proto_mem proto_wire base config signing io providers vault server app client cli)
  file(GLOB fuzz_targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/${layer}/fuzz_*.c)
  foreach(source ${fuzz_targets})
    get_filename_component(name ${source} NAME_WE)
    string(REPLACE "fuzz_" "" subject ${name})
    if(KEYFOB_FUZZ)
      add_executable(${name} ${source})
      target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
      add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
      add_test(NAME replay_${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/${layer}/corpus/${subject})
    endif()
    keyfob_flags(${name})
    target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
    target_link_libraries(${name} PRIVATE ${layer})
  endforeach()
endforeach()
# It must see no file of the machine.
target_link_options(fuzz_settings PRIVATE -Wl,--wrap=open,--wrap=stat,--wrap=opendir,--wrap=readdir,--wrap=closedir)

# tests/tools/*.c: programs that the end-to-end tests drive, linked with what their first line names.
file(GLOB tool_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/tools/*.c)
foreach(source ${tool_sources})
  get_filename_component(name ${source} NAME_WE)
  if(TARGET ${name})
    continue() # script/bench has it too
  endif()
  keyfob_linked_program(${name} ${source})
endforeach()

# tests/tools/modules/*.c: libraries that the end-to-end tests have the agent load.
file(GLOB module_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/tools/modules/*.c)
foreach(source ${module_sources})
  get_filename_component(name ${source} NAME_WE)
  add_library(${name} MODULE ${source})
  keyfob_flags(${name})
  target_link_libraries(${name} PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endforeach()

# They search the stack, part of which AddressSanitizer would keep elsewhere.
set_tests_properties(signing_test_key_forgotten signing_test_ecdsa_key PROPERTIES
  ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=0")
