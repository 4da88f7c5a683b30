// Two stacks: the second reads the name of the first one's bucket, which the CDK makes an export of.
const cdk = require('aws-cdk-lib');
const lambda = require('aws-cdk-lib/aws-lambda');
const s3 = require('aws-cdk-lib/aws-s3');
const sqs = require('aws-cdk-lib/aws-sqs');

const app = new cdk.App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

const store = new cdk.Stack(app, 'Store', { env });
const letters = new s3.Bucket(store, 'Letters', { removalPolicy: cdk.RemovalPolicy.DESTROY });

const writer = new cdk.Stack(app, 'Writer', { env });
const outbox = new sqs.Queue(writer, 'Outbox');
const write = new lambda.Function(writer, 'Write', {
  runtime: lambda.Runtime.PYTHON_3_13,
  handler: 'index.write',
  code: lambda.Code.fromAsset('code'),
  environment: {
    BUCKET: letters.bucketName,
    QUEUE: outbox.queueUrl,
    GREETING: app.node.tryGetContext('greeting') || 'hello',
  },
});
letters.grantPut(write);
outbox.grantSendMessages(write);
new cdk.CfnOutput(writer, 'Function', { value: write.functionName });
