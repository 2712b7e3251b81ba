// SPDX-License-Identifier: Apache-2.0
// Runs every regular file of the folders in argv through a fuzz target, so that each ordinary test run replays the
// corpora with any compiler. Each input sits in a block of its own size: the sanitizers see every over-read.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
        struct stat st;
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        FILE *f = fopen(path, "rb");
        size_t size = (size_t)st.st_size;
        uint8_t *data = malloc(size ? size : 1);
        if (!f || !data || fread(data, 1, size, f) != size) {
                fprintf(stderr, "replay: cannot read %s\n", path);
                exit(1);
        }
        fclose(f);
        (void)LLVMFuzzerTestOneInput(data, size);
        free(data);
        return 1;
}

static int replay_folder(const char *folder)
{
        int count = 0;
        DIR *d = opendir(folder);
        for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
                char path[4096];
                int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
                if (n > 0 && (size_t)n < sizeof(path))
                        count += replay_file(path);
        }
        if (d)
                closedir(d);
        return count;
}

int main(int argc, char **argv)
{
        int count = 0;
        for (int i = 1; i < argc; i++)
                count += replay_folder(argv[i]);
        printf("replayed %d inputs\n", count);
        return count > 0 ? 0 : 1;
}
