// SPDX-License-Identifier: Apache-2.0

//! Prints the ARN that the AWS SDK for Rust has by its default chain, once for each line of its input.
use aws_config::{identity::IdentityCache, retry::RetryConfig, BehaviorVersion, Region};
use std::{error::Error, io, time::Duration};

/// Credentials are renewed this long before their end; the SDK's own is 10 s.
const BUFFER: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .identity_cache(IdentityCache::lazy().buffer_time(BUFFER).build())
        .load()
        .await;
    let sts = aws_sdk_sts::Client::new(&settings);
    for line in io::stdin().lines() {
        line?;
        println!("{}", sts.get_caller_identity().send().await?.arn().unwrap_or_default());
    }
    Ok(())
}
