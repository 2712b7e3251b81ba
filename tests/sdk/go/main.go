// SPDX-License-Identifier: Apache-2.0

// Prints the ARN that the AWS SDK for Go has with the profile named in its argument, from ~/.aws/config alone.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func run() error {
	settings, err := config.LoadDefaultConfig(context.Background(), config.WithSharedConfigProfile(os.Args[1]),
		config.WithRegion("us-east-1"), config.WithRetryMaxAttempts(1))
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
