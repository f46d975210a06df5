//! Types.

use super::{Parsed, Parser};
use crate::sql::ast::{DataType, DataTypeKind, Identifier, TypeParameter};
use crate::sql::token::TokenKind;
use compact_str::CompactString;

impl Parser<'_> {
    /// A type, with any `ARRAY` behind it.
    pub(super) fn data_type(&mut self) -> Parsed<DataType> {
        self.nested(|parser| {
            let start = parser.here();
            let kind = parser.type_primary()?;
            let mut data_type = DataType { span: parser.since(start), kind };
            while parser.is("ARRAY") {
                let name = parser.identifier()?;
                if parser.eat_symbol("[") {
                    let size = parser.integer()?;
                    parser.expect_symbol("]")?;
                    return Err(crate::sql::SqlError::syntax(size, "Explicit array size not supported"));
                }
                parser.lengthen_chain()?;
                let kind = DataTypeKind::Generic { name, parameters: vec![TypeParameter::Type(data_type)] };
                data_type = DataType { span: parser.since(start), kind };
            }
            Ok(data_type)
        })
    }

    fn type_primary(&mut self) -> Parsed<DataTypeKind> {
        if self.is("ROW") && self.is_symbol_at(1, "(") && self.token(2).kind != TokenKind::Integer {
            self.advance();
            return Ok(DataTypeKind::Row(self.parenthesized_list(Self::row_field)?));
        }
        if self.is("INTERVAL") && ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"].iter().any(|f| self.is_at(1, f))
        {
            self.advance();
            return Ok(DataTypeKind::Interval(self.interval_qualifier()?));
        }
        if self.is_any(&["TIME", "TIMESTAMP"]) && !self.parameters_follow() {
            return self.date_time();
        }
        if self.is("DOUBLE") && self.is_at(1, "PRECISION") {
            let name = self.identifier()?;
            self.expect("PRECISION")?;
            return Ok(DataTypeKind::Generic { name, parameters: Vec::new() });
        }
        if self.is("ARRAY") && self.is_symbol_at(1, "<") {
            let name = self.identifier()?;
            self.expect_symbol("<")?;
            let element = self.data_type()?;
            self.expect_symbol(">")?;
            return Ok(DataTypeKind::Generic { name, parameters: vec![TypeParameter::Type(element)] });
        }
        if self.is("MAP") && self.is_symbol_at(1, "<") {
            let name = self.identifier()?;
            self.expect_symbol("<")?;
            let key = self.data_type()?;
            self.expect_symbol(",")?;
            let value = self.data_type()?;
            self.expect_symbol(">")?;
            let parameters = vec![TypeParameter::Type(key), TypeParameter::Type(value)];
            return Ok(DataTypeKind::Generic { name, parameters });
        }
        if !self.is_identifier_at(0) {
            return Err(self.unexpected("<type>"));
        }
        let name = self.identifier()?;
        let parameters = if self.is_symbol("(") { self.parenthesized_list(Self::type_parameter)? } else { Vec::new() };
        Ok(DataTypeKind::Generic { name, parameters })
    }

    /// Whether two parameters or more follow a type's name.
    fn parameters_follow(&self) -> bool {
        let mut ahead = 2;
        while self.is_symbol_at(1, "(") && !self.is_symbol_at(ahead, ")") && self.token(ahead).kind != TokenKind::End {
            if self.is_symbol_at(ahead, ",") {
                return true;
            }
            ahead = if self.is_symbol_at(ahead, "(") { self.after_parenthesis(ahead) } else { ahead + 1 };
        }
        false
    }

    fn date_time(&mut self) -> Parsed<DataTypeKind> {
        let timestamp = self.one_of(&[("TIMESTAMP", true), ("TIME", false)])?;
        let precision = if self.eat_symbol("(") {
            let precision = self.type_parameter()?;
            self.expect_symbol(")")?;
            Some(Box::new(precision))
        } else {
            None
        };
        // Behind a column's type, `WITH (` begins its properties.
        let with_time_zone = self.is("WITH") && !self.is_symbol_at(1, "(");
        if with_time_zone || self.is("WITHOUT") {
            self.advance();
            self.expect_all(&["TIME", "ZONE"])?;
        }
        Ok(DataTypeKind::DateTime { timestamp, precision, with_time_zone })
    }

    /// `name type`, or a type alone. A type of two words (`double precision`) also reads as a name and a type.
    fn row_field(&mut self) -> Parsed<(Option<Identifier>, DataType)> {
        let before = self.at;
        if let Ok(data_type) = self.data_type()
            && (self.is_symbol(",") || self.is_symbol(")"))
        {
            return Ok((None, data_type));
        }
        self.go_to(before);
        let name = self.identifier()?;
        Ok((Some(name), self.data_type()?))
    }

    fn type_parameter(&mut self) -> Parsed<TypeParameter> {
        if self.kind() == TokenKind::Integer {
            return self.integer().map(TypeParameter::Number);
        }
        self.data_type().map(TypeParameter::Type)
    }

    /// `DOUBLE PRECISION` as one name.
    pub(super) fn double_precision(&mut self) -> Parsed<Identifier> {
        let start = self.here();
        self.expect_all(&["DOUBLE", "PRECISION"])?;
        Ok(Identifier {
            value: CompactString::const_new("double precision"),
            delimited: false,
            span: self.since(start),
        })
    }
}
