// SPDX-License-Identifier: Apache-2.0
// A section line of ~/.aws/config or ~/.aws/credentials: which section it begins, if one that counts.
#ifndef SIDECAR_CONFIG_AWS_HEADER_H
#define SIDECAR_CONFIG_AWS_HEADER_H

#include "sidecar/config/aws_ini.h"

struct aws_header {
        char *name;                 // in `strings`; NULL: of another kind, or without a name
        enum aws_section_kind kind; // AWS_SECTION_ODD: the name is what stands in the brackets
        bool is_plain_default;
        struct aws_section_fault fault; // of one that is odd
};

// `line` begins with "[". As botocore has it: from there to the "]" that ends the line or stands before a comment, else
// to the last "]"; what follows is passed over. In the config file the name is the word after the kind, split as a
// shell does, so that quotes and backslashes make one of anything. 0, or -1: out of memory.
MUST_CHECK int aws_header_read(enum aws_file file, struct slice line, struct arena *strings, struct aws_header *ret);

#endif
