// SPDX-License-Identifier: Apache-2.0
// The least that starting a process costs.
int main(void)
{
        return 0;
}
