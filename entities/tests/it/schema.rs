//! Every table has its entity, and every entity says what its table says.

use std::collections::BTreeMap;

use embedded::testing::TestDatabase;
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable};
use sqlx::{Connection, PgConnection, Row};

/// Columns of a table by name: type and whether it may be null.
type Columns = BTreeMap<String, (String, bool)>;

/// Tables whose meaning belongs to a library.
const FOREIGN_TABLES: &[&str] = &["seaql_migrations"];

fn type_name(column_type: &ColumnType) -> String {
    let name = match column_type {
        ColumnType::Uuid => "uuid",
        ColumnType::Text => "text",
        ColumnType::SmallInteger => "smallint",
        ColumnType::Integer => "integer",
        ColumnType::BigInteger => "bigint",
        ColumnType::Boolean => "boolean",
        ColumnType::Date => "date",
        ColumnType::JsonBinary => "jsonb",
        ColumnType::TimestampWithTimeZone => "timestamp with time zone",
        ColumnType::Decimal(None) => "numeric",
        ColumnType::VarBinary(_) => "bytea",
        ColumnType::Array(_) => "ARRAY",
        other => return format!("{other:?}, which no table of ours uses"),
    };
    name.to_owned()
}

fn columns_of<E: EntityTrait>(entity: E) -> (String, Columns) {
    let columns = E::Column::iter().map(|column| {
        let definition = column.def();
        let nullable = definition.is_null();
        (column.as_str().to_owned(), (type_name(definition.get_column_type()), nullable))
    });
    (entity.table_name().to_owned(), columns.collect())
}

fn entities() -> BTreeMap<String, Columns> {
    BTreeMap::from([
        columns_of(entities::api_key::Entity),
        columns_of(entities::approval::Entity),
        columns_of(entities::balance_checkpoint::Entity),
        columns_of(entities::balance_checkpoint_line::Entity),
        columns_of(entities::business_minute::Entity),
        columns_of(entities::dead_letter::Entity),
        columns_of(entities::dead_message::Entity),
        columns_of(entities::event::Entity),
        columns_of(entities::event_audit::Entity),
        columns_of(entities::event_audit_head::Entity),
        columns_of(entities::idempotency_key::Entity),
        columns_of(entities::inbox::Entity),
        columns_of(entities::journal_entry::Entity),
        columns_of(entities::limit_window::Entity),
        columns_of(entities::operator::Entity),
        columns_of(entities::operator_audit::Entity),
        columns_of(entities::operator_audit_head::Entity),
        columns_of(entities::operator_command::Entity),
        columns_of(entities::outbox::Entity),
        columns_of(entities::owner_setting::Entity),
        columns_of(entities::posting::Entity),
        columns_of(entities::provider_notice::Entity),
        columns_of(entities::redrive_item::Entity),
        columns_of(entities::redrive_plan::Entity),
        columns_of(entities::saga_open::Entity),
        columns_of(entities::saga_step::Entity),
        columns_of(entities::switch::Entity),
        columns_of(entities::sqs_queue::Entity),
        columns_of(entities::transfer::Entity),
        columns_of(entities::transfer_leg::Entity),
        columns_of(entities::transfer_limit::Entity),
        columns_of(entities::transfer_reversal::Entity),
        columns_of(entities::wallet::Entity),
        columns_of(entities::wallet_balance::Entity),
    ])
}

async fn tables(connection: &mut PgConnection) -> BTreeMap<String, Columns> {
    let rows = sqlx::query(
        "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable = 'YES'
         FROM information_schema.columns AS c
         JOIN pg_class AS t ON t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
         WHERE c.table_schema = 'public' AND t.relkind IN ('r', 'p') AND NOT t.relispartition",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let mut tables: BTreeMap<String, Columns> = BTreeMap::new();
    for row in rows {
        let table: String = row.get(0);
        if !FOREIGN_TABLES.contains(&table.as_str()) {
            tables.entry(table).or_default().insert(row.get(1), (row.get(2), row.get(3)));
        }
    }
    tables
}

#[tokio::test]
async fn every_table_has_an_entity_with_the_same_columns() {
    let db = TestDatabase::create().await.unwrap();
    let mut connection = PgConnection::connect(db.url()).await.unwrap();
    let (entities, tables) = (entities(), tables(&mut connection).await);
    let names = |map: &BTreeMap<String, Columns>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&entities), names(&tables));
    for (name, columns) in &tables {
        assert_eq!(&entities[name], columns, "table {name}");
    }
}

/// A later migration that changes a live table must change its archive as well: only partitions of one shape can move.
#[tokio::test]
async fn the_archive_has_the_shape_of_the_live_tables() {
    let db = TestDatabase::create().await.unwrap();
    let mut connection = PgConnection::connect(db.url()).await.unwrap();
    for table in ["transfer", "journal_entry", "posting"] {
        let mut shapes: Vec<Vec<String>> = Vec::new();
        for schema in ["public", "archive"] {
            let shape = sqlx::query_scalar(
                "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,
                        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum))
                 FROM pg_attribute
                 WHERE attrelid = format('%I.%I', $1::text, $2::text)::regclass AND attnum > 0 AND NOT attisdropped
                 UNION ALL
                 SELECT concat_ws(' ', CASE contype WHEN 'c' THEN conname END,
                        -- A week's own constraints are validated before it is moved.
                        regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', ''))
                 FROM pg_constraint WHERE conrelid = format('%I.%I', $1::text, $2::text)::regclass
                 UNION ALL
                 SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '')
                 FROM pg_index WHERE indrelid = format('%I.%I', $1::text, $2::text)::regclass
                 ORDER BY 1",
            )
            .bind(schema)
            .bind(table)
            .fetch_all(&mut connection)
            .await
            .unwrap();
            shapes.push(shape);
        }
        assert!(shapes[0].len() > 5, "{table}: {shapes:?}");
        assert_eq!(shapes[0], shapes[1], "{table}");
    }
}
