// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"os"

	"vexj/userjournal"
)

// SigningKey reads the private key in the file; "" is none.
func SigningKey(name string) (*userjournal.SigningKey, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	key, err := userjournal.ParseSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}
