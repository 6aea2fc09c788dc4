//! Creating the table.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};

use super::client::DynamoDb;
use super::error::{failed, unavailable};
use super::item::{PK, SK};
use crate::store::StoreError;

/// How often the new table is checked, and the time between two checks.
const LOOKS: u32 = 120;
const PAUSE: Duration = Duration::from_millis(500);

impl DynamoDb {
    /// Creates the table if it is missing, and waits until it can be used, for a minute at most. Serving requests needs
    /// neither this nor its permissions (`dynamodb:CreateTable`, `dynamodb:DescribeTable`).
    pub(super) async fn ensure_table(&self) -> Result<(), StoreError> {
        let attribute =
            |name| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
        let part = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let unbuilt = |error: aws_sdk_dynamodb::error::BuildError| unavailable(error.to_string());
        let mut created = false;
        for _ in 0..LOOKS {
            match self.client.describe_table().table_name(&self.table).send().await {
                Ok(found) => {
                    if found.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                        return Ok(());
                    }
                }
                Err(error)
                    if matches!(error.as_service_error(), Some(DescribeTableError::ResourceNotFoundException(_))) =>
                {
                    if !created {
                        let create =
                            self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest);
                        let create = create
                            .attribute_definitions(attribute(PK).map_err(unbuilt)?)
                            .attribute_definitions(attribute(SK).map_err(unbuilt)?);
                        let create = create
                            .key_schema(part(PK, KeyType::Hash).map_err(unbuilt)?)
                            .key_schema(part(SK, KeyType::Range).map_err(unbuilt)?);
                        match create.send().await {
                            Ok(_) => {}
                            // Another process was faster.
                            Err(error)
                                if matches!(
                                    error.as_service_error(),
                                    Some(CreateTableError::ResourceInUseException(_))
                                ) => {}
                            Err(error) => return Err(failed(&self.table, &error)),
                        }
                        created = true;
                        continue;
                    }
                }
                Err(error) => return Err(failed(&self.table, &error)),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(unavailable(format!("table {} is not active", self.table)))
    }
}
