// SPDX-License-Identifier: Apache-2.0
// A module of PKCS#11 that hands everything on to another one, and whose C_Sign hangs as that of a token that has lost
// its way: for as long as a file exists. By the environment:
//   STALLING_TOKEN_MODULE  the other one
//   STALLING_TOKEN_FILE    C_Sign hangs while this file is there; its name with ".hung" has a byte for each that began
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// As in PKCS#11 2.40, "Function list": a version, then the functions in this order.
enum { GET_FUNCTION_LIST = 3, SIGN = 43, FUNCTIONS_N = 68 };
enum { OK = 0, GENERAL_ERROR = 5 };
enum { POLL_EVERY_MS = 10 };

struct function_list {
        unsigned char version[2];
        void *functions[FUNCTIONS_N];
};

typedef unsigned long get_function_list_fn(struct function_list **ret);
typedef unsigned long sign_fn(unsigned long session, unsigned char *text, unsigned long n, unsigned char *signature,
                              unsigned long *signature_n);

get_function_list_fn C_GetFunctionList;

static struct {
        struct function_list list;
        sign_fn *sign;
} module;

static void report(const char *file)
{
        char path[4096];
        (void)snprintf(path, sizeof(path), "%s.hung", file);
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, ".", 1) != 1)
                abort();
        (void)close(fd);
}

static unsigned long stalling_sign(unsigned long session, unsigned char *text, unsigned long n,
                                   unsigned char *signature, unsigned long *signature_n)
{
        const char *file = getenv("STALLING_TOKEN_FILE");
        if (signature && file && access(file, F_OK) == 0) {
                report(file);
                while (access(file, F_OK) == 0)
                        (void)poll(NULL, 0, POLL_EVERY_MS);
        }
        return module.sign(session, text, n, signature, signature_n);
}

unsigned long C_GetFunctionList(struct function_list **ret)
{
        struct function_list *other = NULL;
        get_function_list_fn *get = NULL;
        const char *path = getenv("STALLING_TOKEN_MODULE");
        void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL; // and it stays
        if (library)
                *(void **)&get = dlsym(library, "C_GetFunctionList");
        if (!get || get(&other) != OK)
                return GENERAL_ERROR;
        memcpy(&module.list, other, sizeof(module.list));
        *(void **)&module.sign = other->functions[SIGN];
        module.list.functions[GET_FUNCTION_LIST] = (void *)C_GetFunctionList;
        module.list.functions[SIGN] = (void *)stalling_sign;
        *ret = &module.list;
        return OK;
}
