//! Schemas of bodies for the OpenAPI document. Each kind of field has a function with the name of the one in
//! [`super::body`] that reads it.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{
    ContentBuilder, KnownFormat, RefOr, Response, ResponseBuilder, header::HeaderBuilder, response::ResponsesBuilder,
    schema::AdditionalProperties,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

fn of(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types.iter().cloned()))
}

/// [`super::body::text`]; with `null` the field may be emptied.
pub(super) fn text(most: usize, null: bool) -> Schema {
    let types: &[Type] = if null { &[Type::String, Type::Number, Type::Null] } else { &[Type::String, Type::Number] };
    of(types).min_length(Some(1)).max_length(Some(most)).pattern(Some(r"\S")).build().into()
}

/// [`super::body::free_text`], which must not be empty.
pub(super) fn free_text() -> Schema {
    of(&[Type::String, Type::Number]).min_length(Some(1)).pattern(Some(r"\S")).build().into()
}

/// [`super::body::integer_within`].
pub(super) fn integer_within(least: i64, most: i64) -> Schema {
    of(&[Type::Integer]).minimum(Some(least)).maximum(Some(most)).build().into()
}

/// [`super::body::boolean`].
pub(super) fn boolean() -> Schema {
    of(&[Type::Boolean]).build().into()
}

/// [`super::body::date`].
pub(super) fn date() -> Schema {
    let date = of(&[Type::String, Type::Null]).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    // A reader of the document may ignore the format, but not the pattern.
    date.pattern(Some("^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")).build().into()
}

/// [`super::body::time`].
pub(super) fn time(null: bool) -> Schema {
    let types: &[Type] = if null { &[Type::String, Type::Null] } else { &[Type::String] };
    of(types).pattern(Some(r"^([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]{1,6})?)?$")).build().into()
}

/// [`super::body::row`].
pub(super) fn row() -> Schema {
    of(&[Type::Integer, Type::String]).pattern(Some("^[0-9]+$")).build().into()
}

/// [`super::body::choice`].
pub(super) fn choice(words: &[&str]) -> Schema {
    of(&[Type::String]).enum_values(Some(words.iter().copied())).build().into()
}

/// The two neighbours of a dragged row.
pub(super) fn neighbours() -> Schema {
    let id = || -> Schema { of(&[Type::Integer, Type::String, Type::Null]).pattern(Some("^[0-9]+$")).build().into() };
    of(&[Type::Object, Type::Null]).property("prevId", id()).property("nextId", id()).build().into()
}

/// Any text that is not empty.
pub(super) fn token() -> Schema {
    of(&[Type::String]).min_length(Some(1)).build().into()
}

/// A list with at least one item.
pub(super) fn list_of(item: Schema) -> Schema {
    ArrayBuilder::new().items(RefOr::T(item)).min_items(Some(1)).build().into()
}

/// An object with these fields: name, schema, whether it is required.
pub(super) fn form(fields: Vec<(&'static str, Schema, bool)>) -> RefOr<Schema> {
    let form = fields.into_iter().fold(ObjectBuilder::new(), |form, (name, schema, required)| {
        let form = form.property(name, schema);
        if required { form.required(name) } else { form }
    });
    RefOr::T(form.build().into())
}

/// Defines a body by name for the document.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $shape:expr) => {
        $(#[$doc])*
        pub(super) struct $name;
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $shape
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
pub(super) use body;

/// Errors by field; on some routes a text under `error`; for lists, one such object for each element.
pub(super) struct Problem;

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let sentences: Schema = ArrayBuilder::new().items(of(&[Type::String]).build()).build().into();
        let field =
            utoipa::openapi::schema::OneOfBuilder::new().item(of(&[Type::String]).build()).item(sentences).build();
        let one: Schema = ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(field.into()))))
            .build()
            .into();
        let list: Schema = ArrayBuilder::new().items(RefOr::T(one.clone())).build().into();
        RefOr::T(utoipa::openapi::schema::OneOfBuilder::new().item(one).item(list).build().into())
    }
}

impl ToSchema for Problem {}

/// A text under `error`.
pub(super) struct Sentence;

impl PartialSchema for Sentence {
    fn schema() -> RefOr<Schema> {
        form(vec![("error", of(&[Type::String]).build().into(), true)])
    }
}

impl ToSchema for Sentence {}

/// The body of a 401.
pub(super) struct UnauthorizedBody;

impl PartialSchema for UnauthorizedBody {
    fn schema() -> RefOr<Schema> {
        let text = || -> Schema { of(&[Type::String]).build().into() };
        let messages: Schema = ArrayBuilder::new().items(ObjectBuilder::new().build()).build().into();
        form(vec![("detail", text(), true), ("code", text(), false), ("messages", messages, false)])
    }
}

impl ToSchema for UnauthorizedBody {}

fn json<T: PartialSchema>(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(T::schema())).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

/// The errors that every route may answer.
pub(super) struct ErrorResponses;

impl IntoResponses for ErrorResponses {
    fn responses() -> std::collections::BTreeMap<String, RefOr<Response>> {
        let mut too_often = json::<Sentence>("too many calls; try again after the seconds of Retry-After");
        too_often.headers.insert(
            "Retry-After".to_owned(),
            HeaderBuilder::new().schema(Some(of(&[Type::Integer]).build())).build().into(),
        );
        let mut stranger = json::<UnauthorizedBody>("the token is missing or not valid, or the account does not exist");
        stranger.headers.insert(
            "WWW-Authenticate".to_owned(),
            HeaderBuilder::new().schema(Some(of(&[Type::String]).build())).build().into(),
        );
        let all = [
            ("400", json::<Problem>("the errors of the request")),
            ("401", stranger),
            ("404", json::<Sentence>("the row does not exist or does not belong to the caller")),
            ("413", json::<Sentence>("too large")),
            ("429", too_often),
            ("502", json::<Sentence>("an external service failed")),
            ("503", json::<Sentence>("the named dependency cannot be used now")),
        ];
        let responses = all
            .into_iter()
            .fold(ResponsesBuilder::new(), |responses, (status, response)| responses.response(status, response));
        responses.build().responses.into_iter().collect()
    }
}
