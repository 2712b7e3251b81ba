// SPDX-License-Identifier: Apache-2.0

// Asks an S3 endpoint, named in its argument, for a bucket with minio-go, once for each line of its input. Credentials come
// from ~/.aws/credentials, else from the container endpoint or the metadata service that the environment names.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func run() error {
	client, err := minio.New(os.Args[1], &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.FileAWSCredentials{},
			&credentials.IAM{
				Client:       http.DefaultClient,
				Endpoint:     os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
				ExpiryWindow: time.Hour, // renew an hour before the end; the default is 80 % of what is left
			},
		}),
		Region: "us-east-1",
	})
	if err != nil {
		return err
	}
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		exists, err := client.BucketExists(context.Background(), "bucket")
		if err != nil {
			return err
		}
		fmt.Println(exists)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
