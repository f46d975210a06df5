//! The fields of a page, and what is done with each.

/// The fields of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    InfoUri,
    PartialCancelUri,
    NextUri,
    Columns,
    Data,
    Stats,
    Error,
    Warnings,
    UpdateType,
    UpdateCount,
    /// One that is not known: it is read over and left out.
    Unknown,
    /// `data` that is an object: rows in segments.
    Segments,
}

impl Field {
    pub(super) fn named(name: &[u8]) -> Field {
        match name {
            b"id" => Field::Id,
            b"infoUri" => Field::InfoUri,
            b"partialCancelUri" => Field::PartialCancelUri,
            b"nextUri" => Field::NextUri,
            b"columns" => Field::Columns,
            b"data" => Field::Data,
            b"stats" => Field::Stats,
            b"error" => Field::Error,
            b"warnings" => Field::Warnings,
            b"updateType" => Field::UpdateType,
            b"updateCount" => Field::UpdateCount,
            _ => Field::Unknown,
        }
    }

    /// The field's name in JSON, and its colon.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Field::Id => "\"id\":",
            Field::InfoUri => "\"infoUri\":",
            Field::PartialCancelUri => "\"partialCancelUri\":",
            Field::NextUri => "\"nextUri\":",
            Field::Columns => "\"columns\":",
            Field::Data | Field::Segments => "\"data\":",
            Field::Stats => "\"stats\":",
            Field::Error => "\"error\":",
            Field::Warnings => "\"warnings\":",
            Field::UpdateType => "\"updateType\":",
            Field::UpdateCount => "\"updateCount\":",
            Field::Unknown => "",
        }
    }

    pub(super) fn treatment(self, statistics: Treatment) -> Treatment {
        match self {
            Field::Columns | Field::Data | Field::Segments | Field::UpdateType | Field::UpdateCount => Treatment::Pass,
            Field::Stats => statistics,
            Field::Id | Field::InfoUri | Field::PartialCancelUri | Field::NextUri | Field::Error | Field::Warnings => {
                Treatment::Keep
            }
            Field::Unknown => Treatment::LeaveOut,
        }
    }
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Its bytes go by.
    Pass,
    /// It is kept until it is whole.
    Keep,
    /// It is read over.
    LeaveOut,
}
