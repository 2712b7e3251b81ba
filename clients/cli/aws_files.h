// SPDX-License-Identifier: Apache-2.0
// The user's own AWS files, as far as they hide a container credentials endpoint: every SDK asks their profile
// "default" first.
#ifndef CLIENTS_CLI_AWS_FILES_H
#define CLIENTS_CLI_AWS_FILES_H

#include <stdbool.h>

#include "proto/mem/slice.h"

enum aws_file { AWS_FILE_CONFIG, AWS_FILE_CREDENTIALS, AWS_FILE_BOTO, AWS_FILES_N };

// The variable with the path of such a file: "AWS_CONFIG_FILE".
const char *aws_files_variable(enum aws_file file);

// Whether `text`, a file in the format of ~/.aws/config or ~/.aws/credentials (or of boto 2 for AWS_FILE_BOTO), gives
// credentials, or a way to them, to a program that names no profile. Rather true than false where the SDKs disagree.
bool aws_files_text_has_default(enum aws_file file, struct slice text);

// The same of the file that an SDK would read by getenv(). False if there is none, if it cannot be read, or if it is a
// pipe, which could be read only once.
bool aws_files_have_default(enum aws_file file);

#endif
