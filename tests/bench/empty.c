// SPDX-License-Identifier: Apache-2.0
// What starting a process costs at least.
int main(void)
{
        return 0;
}
