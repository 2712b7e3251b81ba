// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.InputStreamReader;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;

/** Prints the ARN that the AWS SDK for Java has by its default chain, once for each line of its input. */
public final class Identity {
    public static void main(String[] arguments) throws Exception {
        try (StsClient sts = StsClient.builder().region(Region.US_EAST_1).build();
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in))) {
            while (input.readLine() != null) {
                System.out.println(sts.getCallerIdentity().arn());
            }
        }
    }
}
