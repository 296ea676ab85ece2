use serde::{Deserialize, Serialize};

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it. May hold fewer items than `limit` even if more follow.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null at the end. Opaque.
    pub next_cursor: Option<String>,
}

/// By hand, because the derive gives pages of different things one name.
#[cfg(feature = "openapi")]
mod openapi {
    use std::borrow::Cow;

    use utoipa::openapi::schema::{ArrayBuilder, SchemaType};
    use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema, Type};
    use utoipa::{PartialSchema, ToSchema};

    use super::Page;

    impl<T: ToSchema> PartialSchema for Page<T> {
        fn schema() -> RefOr<Schema> {
            let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name())).description(
                Some("What is on it. May hold fewer items than `limit` even if more follow."),
            );
            let cursor = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .description(Some(
                    "Give it as `cursor` to get the next page; null at the end. Opaque.",
                ));
            ObjectBuilder::new()
                .description(Some("A page of a list, newest first."))
                .property("items", items)
                .required("items")
                .property("next_cursor", cursor)
                .into()
        }
    }

    impl<T: ToSchema> ToSchema for Page<T> {
        fn name() -> Cow<'static, str> {
            format!("Page_{}", T::name()).into()
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
    }
}
