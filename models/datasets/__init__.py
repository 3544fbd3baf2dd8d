"""Recordings with annotated micro-expressions: official folder trees and sheets, read as they come."""
