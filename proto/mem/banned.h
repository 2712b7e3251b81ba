// SPDX-License-Identifier: Apache-2.0
// Force-included into every file of ours: turns calls of dangerous functions into compile errors that name the
// replacement. Includes the system headers first, so that their own declarations still work.
#ifndef PROTO_MEM_BANNED_H
#define PROTO_MEM_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define strcpy(...) keyfob_banned_strcpy_use_buffer_put
#define strcat(...) keyfob_banned_strcat_use_buffer_put
#define strncpy(...) keyfob_banned_strncpy_use_buffer_put
#define strncat(...) keyfob_banned_strncat_use_buffer_put
#define sprintf(...) keyfob_banned_sprintf_use_buffer_printf
#define vsprintf(...) keyfob_banned_vsprintf_use_buffer_printf
#define strtok(...) keyfob_banned_strtok_use_slices
#define strtol(...) keyfob_banned_strtol_use_text_parse_i64
#define strtoul(...) keyfob_banned_strtoul_use_text_parse_u64
#define sscanf(...) keyfob_banned_sscanf_use_text_parse
#define atoi(...) keyfob_banned_atoi_use_text_parse_i64
#define atol(...) keyfob_banned_atol_use_text_parse_i64
#define gets(...) keyfob_banned_gets
#define gmtime(...) keyfob_banned_gmtime_use_time_format
#define localtime(...) keyfob_banned_localtime_use_time_format
#define ctime(...) keyfob_banned_ctime_use_time_format
#undef alloca
#define alloca(...) keyfob_banned_alloca
#define rand(...) keyfob_banned_rand_use_getrandom
#define system(...) keyfob_banned_system_use_posix_spawn

#endif
