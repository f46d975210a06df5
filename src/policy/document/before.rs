//! What was read before: a file that has not changed is not read again.
//!
//! To read the text is most of the work of compiling policies, and a change is one file of many.

use super::{Documents, KINDS, Of, SourceFile, read_file};
use crate::policy::Diagnostic;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// The documents of the files of the last set that was read, without those of files in which something is wrong. Empty at
/// first.
#[derive(Debug, Default)]
pub(in crate::policy) struct ReadBefore {
    files: HashMap<[u8; 32], Arc<Documents>>,
}

impl ReadBefore {
    /// Reads all files. Calls `pause` after each, and before each document that is read.
    pub(in crate::policy) fn read(
        &mut self,
        files: &[SourceFile],
        problems: &mut Vec<Diagnostic>,
        pause: fn(),
    ) -> Documents {
        let (mut all, mut read) = (Documents::default(), HashMap::with_capacity(files.len()));
        for (file, source) in files.iter().enumerate() {
            // Places are told in bytes of the text, so all that a file's documents depend on is its text.
            let text: [u8; 32] = Sha256::digest(&source.text).into();
            let known = self.files.get(&text).map(Arc::clone);
            let right = problems.len();
            let documents = known.unwrap_or_else(|| {
                let mut documents = Documents::default();
                read_file(&mut documents, file, &source.text, KINDS.as_slice(), problems, pause);
                Arc::new(documents)
            });
            all.add(file, &documents);
            // What is wrong in a file is to be said each time.
            if problems.len() == right {
                read.insert(text, documents);
            }
            pause();
        }
        self.files = read;
        all
    }
}

impl Documents {
    /// Adds the documents of a file.
    fn add(&mut self, file: usize, of: &Documents) {
        fn each<T>(to: &mut Of<T>, file: usize, of: &Of<T>) {
            to.extend(of.iter().map(|(_, document)| (file, Arc::clone(document))));
        }
        // Whoever adds a kind has to come by here.
        let Documents { domains, policies, guardrails, exceptions, tags, masks, principals, tests, broken } = of;
        each(&mut self.domains, file, domains);
        each(&mut self.policies, file, policies);
        each(&mut self.guardrails, file, guardrails);
        each(&mut self.exceptions, file, exceptions);
        each(&mut self.tags, file, tags);
        each(&mut self.masks, file, masks);
        each(&mut self.principals, file, principals);
        each(&mut self.tests, file, tests);
        self.broken.extend(broken.iter().cloned());
    }
}
