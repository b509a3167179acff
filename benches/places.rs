//! Converts each place's shader to GLSL for WebGL 2, so that a browser can draw the same picture for comparison. Run it
//! with `cargo bench --bench places -- FOLDER`, which writes the files to FOLDER. `tests/demo/places.py` then measures
//! both the room's window and the browser.
#![allow(clippy::print_stdout, clippy::print_stderr)] // prints its results

use std::error::Error;
use std::path::{Path, PathBuf};

use iced::wgpu::naga::back::glsl;
use iced::wgpu::naga::front::wgsl;
use iced::wgpu::naga::proc::BoundsCheckPolicies;
use iced::wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};
use iced::wgpu::naga::{ShaderStage, valid::ModuleInfo};
use stillroom::widget::place::shader::PlaceShader;

fn main() -> Result<(), Box<dyn Error>> {
    // Options are skipped, because cargo adds one for the test harness, which this bench does not have.
    let folder = std::env::args().skip(1).find(|word| !word.starts_with('-')).map(PathBuf::from);
    let folder = folder.ok_or("name the folder: cargo bench --bench places -- FOLDER")?;
    std::fs::create_dir_all(&folder)?;
    for drawn in PlaceShader::ALL {
        let module = wgsl::parse_str(drawn.source())?;
        let info = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module)?;
        for (entry, stage, ending) in
            [("vertex_main", ShaderStage::Vertex, "vert"), ("fragment_main", ShaderStage::Fragment, "frag")]
        {
            let path = folder.join(format!("{}.{ending}", drawn.name()));
            write(&path, &module, &info, entry, stage)?;
        }
    }
    println!("{} shaders in {}", PlaceShader::ALL.len(), folder.display());
    Ok(())
}

/// Writes one stage of a shader in GLSL ES 3.00, the language of WebGL 2.
fn write(
    path: &Path,
    module: &iced::wgpu::naga::Module,
    info: &ModuleInfo,
    entry: &str,
    stage: ShaderStage,
) -> Result<(), Box<dyn Error>> {
    let options = glsl::Options {
        version: glsl::Version::Embedded { version: 300, is_webgl: true },
        writer_flags: glsl::WriterFlags::ADJUST_COORDINATE_SPACE,
        ..glsl::Options::default()
    };
    let wanted = glsl::PipelineOptions { shader_stage: stage, entry_point: entry.to_owned(), multiview: None };
    let mut text = String::new();
    glsl::Writer::new(&mut text, module, info, &options, &wanted, BoundsCheckPolicies::default())?.write()?;
    std::fs::write(path, text)?;
    Ok(())
}
