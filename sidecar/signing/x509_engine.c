// SPDX-License-Identifier: Apache-2.0
// PKCS#11 through the engine "pkcs11" (libp11), for systems that have no PKCS#11 provider for OpenSSL yet. Finishing an
// engine also finalizes its PKCS#11 module, even while another engine uses that. So engines are never freed: there is
// one for each module and URI, which also keeps the PINs apart that libp11 stores. libp11 also keeps slots, sessions
// and handles of a token that was removed and put back. So a new engine replaces one that has failed. (The engine's
// command RE_ENUMERATE crashes in release 0.4.12.)
#define OPENSSL_SUPPRESS_DEPRECATED // OpenSSL 3 advises against engines

#include "sidecar/signing/x509_internal.h"

#ifdef OPENSSL_NO_ENGINE

struct x509_engine *x509_engine_find(const char *uri, const char *module)
{
        (void)uri;
        (void)module;
        return NULL;
}

EVP_PKEY *x509_engine_key(struct x509_engine *engine, struct x509_passphrase *passphrase)
{
        (void)engine;
        (void)passphrase;
        return NULL;
}

X509 *x509_engine_certificate(struct x509_engine *engine)
{
        (void)engine;
        return NULL;
}

void x509_engine_distrust(struct x509_engine *engine)
{
        (void)engine;
}

#else

#include <dlfcn.h>
#include <limits.h>
#include <openssl/engine.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// Replaced engines that are allowed for one module and URI. Each keeps some memory and, at worst, a session of the
// token.
enum { REPLACED_MAX = 256 };

// One for all engines of a module: only one thread at a time may initialize a module, and setting an engine's PIN and
// using it are two calls. If a token hangs, engines of other modules still work.
struct module_lock {
        pthread_mutex_t mutex;
};

struct x509_engine {
        struct x509_engine *next;
        ENGINE *engine;
        struct module_lock *lock; // lives as long as the process, as engines do
        bool is_started;          // protected by `lock`
        bool is_stale;            // it could not load anything, or a key of it could not sign
        bool is_replaced;         // by another one
        char *module, *uri;
};

static struct {
        pthread_mutex_t
            mutex; // for this list and the fields that the module's lock does not protect; never held for long
        struct x509_engine *first;
} engines = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// Does what OpenSSL does to load an engine's library; OpenSSL itself does it only once for each. NULL: not installed,
// or built for another OpenSSL.
static dynamic_bind_engine library(void)
{
        char path[PATH_MAX];
        const char *directory = getenv("OPENSSL_ENGINES");
        if (!directory)
                directory = OPENSSL_info(OPENSSL_INFO_ENGINES_DIR);
        int n = directory ? snprintf(path, sizeof(path), "%s/pkcs11.so", directory) : -1;
        void *handle = n > 0 && (size_t)n < sizeof(path) ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        if (!handle)
                return NULL;
        dynamic_v_check_fn check = NULL;
        dynamic_bind_engine bind = NULL;
        *(void **)&check = dlsym(handle, "v_check"); // POSIX has it that functions fit into void pointers
        *(void **)&bind = dlsym(handle, "bind_engine");
        if (bind && check && check(OSSL_DYNAMIC_VERSION) >= OSSL_DYNAMIC_OLDEST)
                return bind; // the library stays loaded
        (void)dlclose(handle);
        return NULL;
}

// A new engine, not initialized, and not in OpenSSL's list of engines.
static ENGINE *load(void)
{
        dynamic_bind_engine bind = library();
        ENGINE *engine = bind ? ENGINE_new() : NULL;
        // The engine is linked with the same libcrypto as this program, so it needs no memory functions passed.
        const dynamic_fns functions = {.static_state = ENGINE_get_static_state()};
        if (engine && bind(engine, "pkcs11", &functions))
                return engine;
        ENGINE_free(engine);
        return NULL;
}

static bool is_same(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

// NULL: out of memory.
static struct module_lock *lock_of(const char *module)
{
        for (const struct x509_engine *k = engines.first; k; k = k->next)
                if (is_same(k->module, module))
                        return k->lock;
        struct module_lock *lock = calloc(1, sizeof(*lock));
        if (lock)
                (void)pthread_mutex_init(&lock->mutex, NULL); // cannot fail without attributes
        return lock;
}

static struct x509_engine *add(const char *uri, const char *module)
{
        struct x509_engine *k = calloc(1, sizeof(*k));
        if (!k)
                return NULL;
        k->uri = strdup(uri);
        k->module = module ? strdup(module) : NULL;
        if (k->uri && (k->module || !module))
                k->engine = load();
        if (k->engine)
                k->lock = lock_of(k->module);
        if (k->lock) {
                k->next = engines.first;
                engines.first = k;
                return k;
        }
        ENGINE_free(k->engine);
        free(k->module);
        free(k->uri);
        free(k);
        return NULL;
}

static struct x509_engine *find(const char *uri, const char *module)
{
        struct x509_engine *found = NULL;
        unsigned replaced = 0;
        for (struct x509_engine *k = engines.first; k; k = k->next) {
                if (!is_same(k->module, module) || strcmp(k->uri, uri) != 0)
                        continue;
                if (k->is_replaced)
                        replaced++;
                else
                        found = k;
        }
        if (found && (!found->is_stale || replaced == REPLACED_MAX))
                return found;
        struct x509_engine *k = add(uri, module);
        if (found && k)
                found->is_replaced = true;
        return k ? k : found;
}

struct x509_engine *x509_engine_find(const char *uri, const char *module)
{
        (void)pthread_mutex_lock(&engines.mutex);
        struct x509_engine *k = find(uri, module);
        (void)pthread_mutex_unlock(&engines.mutex);
        return k;
}

static void set_stale(struct x509_engine *k, bool is_stale)
{
        (void)pthread_mutex_lock(&engines.mutex);
        k->is_stale = is_stale;
        (void)pthread_mutex_unlock(&engines.mutex);
}

static bool start(struct x509_engine *k)
{
        // QUIET, as the engine would write to standard error, where our log is.
        if (!k->is_started)
                k->is_started = ENGINE_ctrl_cmd_string(k->engine, "QUIET", NULL, 1) &&
                                (!k->module || ENGINE_ctrl_cmd_string(k->engine, "MODULE_PATH", k->module, 0)) &&
                                ENGINE_init(k->engine);
        return k->is_started;
}

static EVP_PKEY *load_key(const struct x509_engine *k, struct x509_passphrase *passphrase)
{
        const char *pin = passphrase->given ? buffer_c_str(&passphrase->text) : NULL;
        if (passphrase->given && (!pin || !ENGINE_ctrl_cmd_string(k->engine, "PIN", pin, 0)))
                return NULL;
        UI_METHOD *ui = x509_passphrase_ui();
        EVP_PKEY *key = ui ? ENGINE_load_private_key(k->engine, k->uri, ui, passphrase) : NULL;
        UI_destroy_method(ui);
        return key;
}

EVP_PKEY *x509_engine_key(struct x509_engine *k, struct x509_passphrase *passphrase)
{
        (void)pthread_mutex_lock(&k->lock->mutex);
        bool is_started = start(k);
        EVP_PKEY *key = is_started ? load_key(k, passphrase) : NULL;
        (void)pthread_mutex_unlock(&k->lock->mutex);
        if (is_started)
                set_stale(k, !key);
        return key;
}

void x509_engine_distrust(struct x509_engine *engine)
{
        if (engine)
                set_stale(engine, true);
}

X509 *x509_engine_certificate(struct x509_engine *k)
{
        struct { // of the engine's command
                const char *uri;
                X509 *certificate;
        } parameters = {k->uri, NULL};
        (void)pthread_mutex_lock(&k->lock->mutex);
        bool is_started = start(k);
        if (is_started)
                (void)ENGINE_ctrl_cmd(k->engine, "LOAD_CERT_CTRL", 0, &parameters, NULL, 1);
        (void)pthread_mutex_unlock(&k->lock->mutex);
        if (is_started)
                set_stale(k, !parameters.certificate);
        return parameters.certificate;
}

#endif
