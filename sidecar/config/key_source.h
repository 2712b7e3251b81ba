// SPDX-License-Identifier: Apache-2.0
// Where a private key or a certificate is: in a file, or behind a URI that a provider of OpenSSL understands (pkcs11:,
// RFC 7512; handle: and object: of a TPM). pin-source and module-path of a pkcs11: URI are
// taken out of it and become settings of the profile.
#ifndef SIDECAR_CONFIG_KEY_SOURCE_H
#define SIDECAR_CONFIG_KEY_SOURCE_H

#include "sidecar/config/reader.h"

// Getters, for fields of a profile. A PIN inside a URI is refused, and never shown.
key_read_fn key_source_read;        // a path that must exist, or any URI
key_read_fn key_source_certificate; // a path that must exist, or a pkcs11: URI

#endif
