// SPDX-License-Identifier: Apache-2.0

// Prints the ARN that the AWS SDK for Go has by its default chain: once, or with any argument for each line of its input.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func run() error {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"), config.WithRetryMaxAttempts(1))
	if err != nil {
		return err
	}
	client := sts.NewFromConfig(settings)
	input := bufio.NewScanner(os.Stdin)
	for len(os.Args) == 1 || input.Scan() {
		identity, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return err
		}
		fmt.Println(*identity.Arn)
		if len(os.Args) == 1 {
			return nil
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
