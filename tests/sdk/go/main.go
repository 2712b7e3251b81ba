// SPDX-License-Identifier: Apache-2.0

// Prints the ARN that the AWS SDK for Go has: with the profile named in its argument, from ~/.aws/config alone, or
// without an argument by its default chain.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func run() error {
	options := []func(*config.LoadOptions) error{config.WithRegion("us-east-1"), config.WithRetryMaxAttempts(1)}
	if len(os.Args) > 1 {
		options = append(options, config.WithSharedConfigProfile(os.Args[1]))
	}
	settings, err := config.LoadDefaultConfig(context.Background(), options...)
	if err != nil {
		return err
	}
	identity, err := sts.NewFromConfig(settings).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return err
	}
	fmt.Println(*identity.Arn)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
